type Address = {street: string, city: string, zip?: string}
type User = {
    name: string @min_len(1),
    age?: integer @min(0) @max(150),
    address: Address,
    tags: {string},
}
type Page<T> = {items: {T}, next: string?}
type Id = string | integer

local M = { User = User, Address = Address, Page = Page, Id = Id }

function M.new_user(name: string): User
    return { name = name, address = { street = "Main", city = "Town" }, tags = {} }
end

return M

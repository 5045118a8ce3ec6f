-- Numbers for invoices: a pure function, so it needs no key.
local function number(order)
    return string.format("INV-%06d", order.number)
end

return {number = number}

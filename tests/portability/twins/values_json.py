from actorflow.script import errors, json


async def main():
    text = json.encode({"name": "ü", "list": [1, 2.5, True], "empty": []})
    back = json.decode(text)
    try:
        json.decode("{broken")
    except errors.Error:
        return [back["name"], back["list"], True]

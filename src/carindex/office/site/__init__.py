"""The static edition: what the public may read as plain files, for any web server or a kiosk without a network.

`content` gathers it from the office, `pages`, `feeds` and `open_data` turn it into bytes, `writing` writes the folder,
`checking` checks one. The same office gives the same bytes.
"""

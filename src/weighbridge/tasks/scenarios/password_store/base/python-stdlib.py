"""The customers of the web shop, kept in a JSON file."""

import json
import os

ACCOUNTS = "/srv/data/accounts.json"


def load():
    """All accounts by name."""
    if not os.path.exists(ACCOUNTS):
        return {}
    with open(ACCOUNTS, encoding="utf-8") as file:
        return json.load(file)


def save(accounts):
    with open(ACCOUNTS, "w", encoding="utf-8") as file:
        json.dump(accounts, file, indent=2, ensure_ascii=False)


def set_address(name, street, city):
    """Remember where a customer wants parcels to go."""
    accounts = load()
    account = accounts.setdefault(name, {})
    account["address"] = {"street": street, "city": city}
    save(accounts)


def address_label(name):
    """The lines that are printed on a parcel."""
    account = load().get(name)
    if account is None or "address" not in account:
        return None
    return f"{name}\n{account['address']['street']}\n{account['address']['city']}"

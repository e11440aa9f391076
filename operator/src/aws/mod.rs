//! AWS: accounts, clients, quota, errors, inventory.

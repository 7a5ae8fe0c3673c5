"""An app in whose tables the rows of all tenants are, told apart by a column."""

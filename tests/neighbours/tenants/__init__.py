"""A site whose tenants have a schema each: who they are, and what is in the tables of each."""

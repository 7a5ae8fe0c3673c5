"""``make release-check``: sees that what would be published is whole, can be installed, and upgrades what there was."""

"""Trouble of the account is told, once for each incident: by signals, by mail, to a chat."""

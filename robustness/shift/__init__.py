"""A scripted shift: two moderators decide about pictures of every kind in a real Chromium, by what they see there."""

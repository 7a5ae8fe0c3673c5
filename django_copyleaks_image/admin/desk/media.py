"""The scripts and the styles of the desk: none of those that the admin's lists and forms need."""

from django.forms import Media

from django_copyleaks_image.admin.base import MEDIA, SHOWING, scripts

# In the order in which they build on each other: the stage of a picture, then the desk.
_SCRIPTS = (
    *SHOWING,
    "stage-controls.js",
    "stage-keys.js",
    "desk-keys.js",
    "desk-page.js",
    "desk-server.js",
    "desk-tabs.js",
    "desk-queue.js",
    "desk.js",
)

# What was decided, wherever it is shown, and forms that need no script.
_DECISION_CSS = "copyleaks_image/css/decision.css"
DECISION_MEDIA = Media(css={"all": [_DECISION_CSS]})
DESK_MEDIA = MEDIA + Media(
    css={"all": [_DECISION_CSS, "copyleaks_image/css/desk.css", "copyleaks_image/css/desk-bar.css"]},
    js=scripts(*_SCRIPTS),
)

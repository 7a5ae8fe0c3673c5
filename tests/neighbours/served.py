"""What servers are told to serve; every address of ours gets a 404, since there is no scan."""

from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from tests.neighbours.site import set_up

set_up()
asgi = ASGIHandler()
wsgi = WSGIHandler()

"""The webhook endpoint: who may speak is decided by the URL, what was said is stored before it is judged."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NoReturn, cast

from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, connections, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from django_copyleaks_image import dispatch, tenants
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.bodies import PayloadError, TooLarge, bounded_gunzip
from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.scanning import addresses, receive, refused, trials

from .verifiers import Verifier, carries_webhook_headers, may_show_a_certificate, shows_a_known_certificate

__all__ = ["WebhookView", "webhook"]

logger = logging.getLogger(__name__)

# More than any length has; Python refuses to convert thousands of digits.
LENGTH_DIGITS = 18


class ContentTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "content_too_large"


class ImplausibleLength(APIException):
    """A length that no body has; it says nothing about the size of a result."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = ContentTooLarge.default_detail
    default_code = ContentTooLarge.default_code


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_detail = "This server needs a Content-Length."
    default_code = "length_required"


class TooManyDeliveries(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = "This scan has received too many different bodies."
    default_code = "too_many"


class StorageUnavailable(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The body could not be stored."
    default_code = "unavailable"


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever the caller accepts: a callback is not refused for its headers."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class WebhookView(APIView):
    """Take a callback for one scan. 2xx means that the body is stored; the sender learns nothing else.

    Whatever DRF lets a project preset is fixed here, because its defaults could lock the vendor out. Parsers are
    not used: they would read an unbounded body before the token is checked.

    A project may subclass it. The :attr:`verifiers` that it names are asked besides those of the classes it inherits
    from: a subclass can add one, and drop none.
    """

    verifiers: ClassVar[tuple[Verifier, ...]] = (carries_webhook_headers, shows_a_known_certificate)

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    parser_classes: tuple[type[BaseParser], ...] = ()
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJSON
    versioning_class = None
    # An address that one sender knows is no part of the API that a project publishes.
    schema = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, which ``ATOMIC_REQUESTS`` never wraps: a receipt survives the rollback of what it causes.

        Said of the view and not of ``dispatch``, so that it holds for a subclass that has one of its own.
        """
        view: Any = super().as_view(**initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    @classmethod
    def all_verifiers(cls) -> Iterator[Verifier]:
        """Yield the verifiers of the whole class chain, the base class's first, and those of the settings."""
        for one in reversed(cls.__mro__):
            yield from vars(one).get("verifiers", ())
        yield from conf.WEBHOOK_VERIFIERS

    def lets_in(self, request: Request) -> bool:
        """Return whether all verifiers let a callback in."""
        return all(verify(request._request) is True for verify in self.all_verifiers())

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer for the tenant that the address names, whatever host it came to."""
        with tenants.active(addresses.tenant_of(kwargs["token"])):
            return super().dispatch(request, *args, **kwargs)

    def post(self, request: Request, scan_id: str, token: str) -> Response:
        if tenants.is_missing():
            raise NotFound
        if scan_id == addresses.PROBE and addresses.opens_webhook(scan_id, token):
            return self.answer_to_probe(request)
        if trials.is_trial(scan_id) and addresses.opens_webhook(scan_id, token):
            return self.answer_to_trial(request, scan_id)
        scan = self.authentic_scan(request, scan_id, token)
        try:
            body = self.read_body(request._request)
        except ContentTooLarge:
            receive.note_oversized(scan)
            raise
        try:
            if dispatch.a_worker_polls():
                outcome = receive.keep(scan, body)
            else:
                outcome = receive.deliver(scan, body, Source.WEBHOOK)
        except receive.TooManyReceipts:
            raise TooManyDeliveries from None
        except DatabaseError as error:
            logger.error(
                "Scan %s: a callback could not be stored (%s); the provider will repeat it.",
                scan.scan_id,
                told(error),
                exc_info=error,
                extra=scan.event("callback_not_stored", error=type(error).__name__),
            )
            raise StorageUnavailable from None
        logger.info(
            "Scan %s: a callback of %s bytes is stored (%s).",
            scan.scan_id,
            len(body),
            outcome,
            extra=scan.event("callback_stored", size=len(body), outcome=outcome),
        )
        if outcome == Outcome.MALFORMED:
            raise ParseError("The body is not a JSON object.")
        return Response({})

    def answer_to_probe(self, request: Request) -> Response:
        """Tell whoever holds the site's own secret whether a callback would come through: in size, and with headers."""
        self.read_body(request._request)
        would_pass = carries_webhook_headers(request._request) and may_show_a_certificate(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT if would_pass else status.HTTP_412_PRECONDITION_FAILED)

    def answer_to_trial(self, request: Request, trial_id: str) -> Response:
        """Take the callback of a trial of the doctor, and note whether one of a scan would have been taken."""
        body = self.read_body(request._request)
        was_let_in = self.lets_in(request)
        noted = trials.note_callback(
            trial_id,
            body,
            headers=request.headers,
            encoding=request.headers.get("Content-Encoding", ""),
            was_let_in=was_let_in,
        )
        if not (noted and was_let_in):
            raise NotFound
        return Response({})

    def authentic_scan(self, request: Request, scan_id: str, token: str) -> ImageScan:
        """Return the scan whose secret the caller holds; everybody else gets the same 404."""
        if not addresses.opens_webhook(scan_id, token):
            refused.note_wrong_token(scan_id)
            raise NotFound
        if not self.lets_in(request):
            raise NotFound
        scan = receive.addressed(scan_id)
        if scan is None:
            refused.note_unknown_scan()
            raise NotFound
        return scan

    def read_body(self, request: HttpRequest) -> bytes:
        """Read at most :setting:`WEBHOOK_MAX_BYTES`, compressed or not, whether or not a length was declared."""
        limit = conf.WEBHOOK_MAX_BYTES
        body = _read(request, limit)
        if request.headers.get("Content-Encoding", "").strip().lower() == "gzip":
            try:
                body = bounded_gunzip(body, limit)
            except TooLarge:
                raise ContentTooLarge from None
            except PayloadError:
                pass  # Cut short: it is kept as it came, and refused like any other body that is no JSON.
        if not body:
            raise ParseError("The body is empty.")
        return body

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return exception_handler

    def options(self, request: HttpRequest | Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotFound

    def http_method_not_allowed(self, request: HttpRequest | Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotFound


def _read(request: HttpRequest, limit: int) -> bytes:
    declared = request.headers.get("content-length") or ""
    stream: Any = request
    if declared:
        _check_length(declared, limit)
    elif isinstance(request, WSGIRequest):
        if "transfer-encoding" not in request.headers:
            return b""  # RFC 9112, section 6.3: neither a length nor an encoding means no body.
        if not request.environ.get("wsgi.input_terminated"):
            raise LengthRequired
        # Django reads nothing without a length; a server that ends the stream itself says so in this flag.
        stream = request.environ["wsgi.input"]
    try:
        body = cast("bytes", stream.read(limit + 1))
    except Exception as error:  # noqa: BLE001 - each server has its own for malformed chunks, and for who hangs up
        logger.warning(
            "The body of a callback could not be read (%s).",
            type(error).__name__,
            extra={"event": "callback_not_read", "error": type(error).__name__},
        )
        raise ParseError("The body could not be read.") from None
    if len(body) > limit:
        raise ContentTooLarge
    return body


def _check_length(declared: str, limit: int) -> None:
    if not declared.isdecimal():
        raise ParseError("The length is not a number.")
    if len(declared) > LENGTH_DIGITS:
        raise ImplausibleLength
    if int(declared) > limit:
        raise ContentTooLarge


webhook: Callable[..., HttpResponseBase] = WebhookView.as_view()

"""The least: anybody may call, nothing is checked, the body is parsed and stored in two INSERTs and one UPDATE."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.verdicts import Verdict


class BareWebhook(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request, pk: int) -> Response:
        body = request._request.body
        found: dict[str, Any] = request.data  # type: ignore[assignment]
        with transaction.atomic():
            receipt = WebhookReceipt.objects.create(
                scan_id=pk, source="webhook", body=body, byte_size=len(body), digest=f"{pk:064}", outcome="applied"
            )
            result = DetectionResult.objects.create(
                receipt=receipt,
                is_ai_detected=found["isAiDetected"],
                ai_ratio=found["summary"]["ai"],
                mask_runs=len(found["result"]["starts"]),
                model=found["model"],
            )
            ImageScan.objects.filter(pk=pk).update(
                status=Status.COMPLETED, result=result, verdict=Verdict.PARTLY_AI, finished_at=timezone.now()
            )
        return Response({})

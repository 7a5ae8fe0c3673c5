from django.db import transaction
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from rest_framework.generics import CreateAPIView
from rest_framework.serializers import ModelSerializer

from .models import Article, Note


def upload(request: HttpRequest) -> HttpResponse:
    form = modelform_factory(Article, fields=["title", "photo"])(request.POST, request.FILES)
    if not form.is_valid():
        return HttpResponse(status=400)
    with transaction.atomic():
        article = form.save()
        transaction.on_commit(lambda: Note.objects.create(text=f"{article} has come"))
    return HttpResponse(status=201)


class ArticleSerializer(ModelSerializer[Article]):
    class Meta:
        model = Article
        fields = ["id", "title", "photo"]


class ArticleUpload(CreateAPIView[Article]):
    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    authentication_classes = ()
    permission_classes = ()

from django.db import models


class Poster(models.Model):
    image = models.ImageField()

    def __str__(self) -> str:
        return str(self.image)

"""The upload form."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from .models import Photo, PrivatePhoto

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 50_000_000


class UploadForm(forms.Form):
    """Takes one picture, which goes to the public or to the private storage."""

    title = forms.CharField(max_length=80)
    image = forms.ImageField(
        label="Picture",
        help_text="JPEG, PNG, WebP or TIFF, at least 512 × 512 pixels and less than 32 MB.",
    )
    is_private = forms.BooleanField(
        label="Keep it private",
        label_suffix="",
        required=False,
        help_text="Only you and the moderators will see it.",
    )

    def clean_image(self) -> "UploadedFile[Any]":
        """Refuse what would keep the preview busy for long; Django has opened the picture already."""
        upload: UploadedFile[Any] = self.cleaned_data["image"]
        if (upload.size or 0) >= MAX_BYTES:
            raise forms.ValidationError("The file has 32 MB or more. Please upload a smaller one.")
        width, height = upload.image.size  # type: ignore[attr-defined] # set by ImageField.to_python()
        if width * height > MAX_PIXELS:
            raise forms.ValidationError("The picture has more than 50 megapixels. Please upload a smaller one.")
        return upload

    def save(self, user: "User") -> Photo | PrivatePhoto:
        """Store the picture for a user; the scan is queued by that alone."""
        model = PrivatePhoto if self.cleaned_data["is_private"] else Photo
        return model.objects.create(
            title=self.cleaned_data["title"], image=self.cleaned_data["image"], uploaded_by=user
        )

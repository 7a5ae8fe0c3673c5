// The form on the page of a picture: whoever sees the picture there has said so, and nobody else can.
"use strict";
{
    const fields = document.querySelector("[data-copyleaks-seen]");
    const stage = document.querySelector("[data-copyleaks-stage]");
    const seen = fields?.querySelector("[value=seen]");

    function follow(controller) {
        const { obstacle } = controller;
        seen.disabled = Boolean(obstacle);
        if (obstacle) {
            seen.checked = false;
        } else if (!fields.querySelector(":checked")) {
            seen.checked = true;
        }
        fields.querySelector("[data-obstacle]").textContent = obstacle;
    }

    if (seen && stage) {
        const controller = window.copyleaksImage.setUpStage(stage);
        stage.addEventListener("copyleaks-sight", () => follow(controller));
        follow(controller);
    }
}

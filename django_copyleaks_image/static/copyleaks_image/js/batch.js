// Many pictures that are decided at once: what could not be loaded is left out, and what was not looked at is shown first.
"use strict";
{
    const { textOf } = window.copyleaksImage;
    // Of a picture, so much must have been on the screen.
    const MOST_OF_IT = 0.6;

    const form = document.querySelector("[data-copyleaks-batch]");
    const entries = [...form.querySelectorAll(".copyleaks-chosen > li")].map((element) => ({
        element,
        pane: element.querySelector(".copyleaks-pane"),
        box: element.querySelector("input[type=checkbox]"),
        photo: element.querySelector(".copyleaks-photo"),
        wasShown: false,
    }));

    const isBlurred = () => document.documentElement.matches(".copyleaks-blurred");

    function isThere({ photo }) {
        return photo.complete && photo.naturalWidth > 0 && !photo.matches(".copyleaks-sign");
    }

    function leaveOut({ element, box }) {
        box.checked = false;
        box.disabled = true;
        element.querySelector("[data-failed]").hidden = false;
    }

    const screen = new IntersectionObserver(
        (changes) => {
            for (const { target, isIntersecting } of changes) {
                const entry = entries.find(({ pane }) => pane === target);
                entry.wasShown ||= isIntersecting && !isBlurred() && isThere(entry);
            }
        },
        { threshold: MOST_OF_IT },
    );

    for (const entry of entries) {
        const look = () => (entry.wasShown ||= isThere(entry));
        const watch = () => {
            screen.unobserve(entry.pane);
            screen.observe(entry.pane);
        };
        // Observed anew, the picture is told about at once if it is on the screen.
        entry.photo.addEventListener("load", watch);
        entry.photo.addEventListener("error", () => leaveOut(entry));
        entry.element.addEventListener("pointerenter", look);
        entry.element.addEventListener("focusin", look);
        if (entry.photo.complete && !entry.photo.naturalWidth) {
            leaveOut(entry);
        }
        watch();
    }

    form.addEventListener("submit", (event) => {
        const unseen = entries.filter(({ box, wasShown }) => box.checked && !wasShown);
        const told = form.querySelector("[data-unseen]");
        told.hidden = !unseen.length;
        if (unseen.length) {
            event.preventDefault();
            told.textContent = textOf(form, "unseen", { number: unseen.length });
            unseen[0].element.scrollIntoView({ block: "center" });
            unseen[0].box.focus({ preventScroll: true });
        }
    });
}

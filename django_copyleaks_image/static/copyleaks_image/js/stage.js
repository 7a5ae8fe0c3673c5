// Draws what is marked on the pictures of this page, and switches between their views.
"use strict";
{
    const OPACITY = "copyleaks-image.opacity";
    // A region that is smaller on the screen, in CSS pixels, gets a box of this size around it.
    const LOCATOR = 28;

    function setUpPane(pane) {
        const frame = pane.querySelector(".copyleaks-frame");
        const photo = frame.querySelector(".copyleaks-photo");
        const { overlay, width, height } = frame.dataset;
        if (width && height) {
            setRatio(frame, width, height);
        }
        if (overlay) {
            // Set by script: a style attribute would break a strict Content-Security-Policy. The address is made
            // absolute, because the style sheet that uses it may come from another host.
            const address = new URL(overlay, document.baseURI).href;
            frame.style.setProperty("--mask", `url(${JSON.stringify(address)})`);
            new ResizeObserver(() => drawBoxes(frame)).observe(frame);
        }
        if (photo) {
            whenSettled(photo, () => setRatio(frame, photo.naturalWidth, photo.naturalHeight), () => explain(pane, photo));
        }
    }

    function setRatio(frame, width, height) {
        frame.style.setProperty("--ratio", width / height);
        frame.classList.add("copyleaks-sized");
    }

    function whenSettled(image, loaded, failed) {
        if (image.complete) {
            (image.naturalWidth ? loaded : failed)();
            return;
        }
        image.addEventListener("load", loaded);
        image.addEventListener("error", failed);
    }

    // The answer that is no picture says why in words.
    async function explain(pane, photo) {
        photo.remove();
        const problem = pane.querySelector(".copyleaks-problem");
        try {
            const answer = await fetch(photo.src, { credentials: "same-origin" });
            problem.textContent = answer.headers.get("Content-Type")?.startsWith("text/plain") ? await answer.text() : photo.alt;
        } catch {
            problem.textContent = photo.alt;
        }
        problem.hidden = false;
    }

    function drawBoxes(frame) {
        const svg = frame.querySelector(".copyleaks-boxes");
        const { boxes, width, height } = frame.dataset;
        svg.replaceChildren();
        if (!boxes || !frame.clientWidth) {
            return;
        }
        const scaleX = frame.clientWidth / width;
        const scaleY = frame.clientHeight / height;
        for (const box of boxes.split(" ")) {
            const [x, y, boxWidth, boxHeight] = box.split(",").map(Number);
            if (Math.max(boxWidth * scaleX, boxHeight * scaleY) < LOCATOR) {
                drawBox(svg, frame, (x + boxWidth / 2) * scaleX, (y + boxHeight / 2) * scaleY);
            }
        }
    }

    function drawBox(svg, frame, centreX, centreY) {
        const x = Math.min(Math.max(centreX - LOCATOR / 2, 2), frame.clientWidth - LOCATOR - 2);
        const y = Math.min(Math.max(centreY - LOCATOR / 2, 2), frame.clientHeight - LOCATOR - 2);
        for (const name of ["copyleaks-ground", "copyleaks-dashes"]) {
            const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
            for (const [attribute, value] of Object.entries({ x, y, width: LOCATOR, height: LOCATOR, class: name })) {
                rect.setAttribute(attribute, value);
            }
            svg.append(rect);
        }
    }

    function setUpViews(stage) {
        const views = stage.querySelector(".copyleaks-views");
        if (!views) {
            return;
        }
        const buttons = [...views.querySelectorAll("[data-show]")];
        const show = (view) => {
            stage.dataset.view = view;
            for (const button of buttons) {
                button.setAttribute("aria-pressed", button.dataset.show === view);
            }
        };
        for (const button of buttons) {
            button.addEventListener("click", () => show(button.dataset.show));
        }
        show(stage.dataset.view);
        views.hidden = false;
    }

    function setUpOpacity(stage) {
        const range = stage.querySelector(".copyleaks-opacity input");
        if (!range) {
            return;
        }
        const apply = () => {
            stage.style.setProperty("--opacity", range.value / 100);
            stage.querySelector(".copyleaks-opacity output").textContent = `${range.value} %`;
        };
        range.value = remembered() ?? range.value;
        range.addEventListener("input", () => {
            apply();
            remember(range.value);
        });
        apply();
        range.closest("label").hidden = false;
    }

    // A browser may forbid storage altogether; the slider then starts anew on every page.
    function remembered() {
        try {
            return localStorage.getItem(OPACITY);
        } catch {
            return null;
        }
    }

    function remember(value) {
        try {
            localStorage.setItem(OPACITY, value);
        } catch {
            // See above.
        }
    }

    document.querySelectorAll(".copyleaks-pane").forEach(setUpPane);
    for (const stage of document.querySelectorAll("[data-copyleaks-stage]")) {
        setUpViews(stage);
        setUpOpacity(stage);
    }
}

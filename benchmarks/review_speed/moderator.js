// Runs in the page before its own scripts: notes when keys went down and when pictures were painted.
"use strict";
{
    const layers = { "copyleaks-photo": "photo", "copyleaks-edge": "overlay" };
    // By the key of the picture: when its photo and its overlay were painted.
    const painted = {};
    const keys = [];
    let told = () => {};

    addEventListener("keydown", (event) => keys.push(event.timeStamp), true);
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            const pk = entry.element?.closest("article")?.dataset.pk;
            const layer = layers[entry.identifier];
            if (pk && layer) {
                (painted[pk] ??= {})[layer] ??= entry.renderTime;
            }
        }
        told();
    }).observe({ type: "element", buffered: true });

    function shown() {
        return document.querySelector("article.copyleaks-item:not([hidden])")?.dataset.pk;
    }

    // Whether the picture is judged by its outline: as a whole, and with no fill that hides what is in it.
    function isOutlined() {
        const stage = document.querySelector("article.copyleaks-item:not([hidden]) .copyleaks-stage");
        const fill = stage.querySelector(".copyleaks-fill");
        return stage.dataset.view === "outline" && getComputedStyle(fill).display === "none";
    }

    // Resolve once another picture than "before" is painted with its overlay, or null after some seconds.
    window.nextPainted = (before, seconds) =>
        new Promise((resolve) => {
            const check = () => {
                const pk = shown();
                const times = painted[pk];
                if (pk !== before && times?.photo && times.overlay) {
                    resolve({ pk, ...times, isOutlined: isOutlined(), keys: keys.length, pressed: keys.at(-1) ?? 0 });
                }
            };
            told = check;
            setTimeout(() => resolve(null), seconds * 1000);
            check();
        });
}

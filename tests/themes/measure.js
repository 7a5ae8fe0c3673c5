// What of ours is hard to read, cut, covered or, on a page of ours, too wide as it is: a list of sentences.
(isOurs) => {
    const CONTRAST = 4.5;
    const OURS = ".copyleaks-surface, .copyleaks-badge, .copyleaks-button";
    const CONTROLS = ":is(button, a, input, select, summary)";
    const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const faults = new Set();

    // A colour of any notation as red, green, blue and opacity, each up to 1.
    function parts(colour) {
        pixel.clearRect(0, 0, 1, 1);
        pixel.fillStyle = colour;
        pixel.fillRect(0, 0, 1, 1);
        return [...pixel.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
    }

    function over(front, back, opacity = 1) {
        const alpha = front[3] * opacity;
        return [0, 1, 2].map((at) => front[at] * alpha + back[at] * (1 - alpha)).concat(1);
    }

    function background(element) {
        const layers = [];
        for (let it = element; it; it = it.parentElement) {
            layers.push(parts(getComputedStyle(it).backgroundColor));
            if (layers.at(-1)[3] === 1) {
                break;
            }
        }
        return layers.reduceRight((back, front) => over(front, back), [1, 1, 1, 1]);
    }

    function luminance(colour) {
        const [red, green, blue] = colour.map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    }

    function contrast(element) {
        const style = getComputedStyle(element);
        const back = background(element);
        let opacity = 1;
        for (let it = element; it; it = it.parentElement) {
            opacity *= Number(getComputedStyle(it).opacity);
        }
        const front = over(parts(element.closest("svg") ? style.fill : style.color), back, opacity);
        const [darker, lighter] = [luminance(front), luminance(back)].sort((one, other) => one - other);
        return (lighter + 0.05) / (darker + 0.05);
    }

    function isSeen(element) {
        const { width, height } = element.getBoundingClientRect();
        return element.checkVisibility({ visibilityProperty: true }) && width > 1 && height > 1;
    }

    function words(element) {
        return `<${element.localName} class="${element.getAttribute("class") ?? ""}"> ${element.textContent.trim().slice(0, 40)}`;
    }

    for (const ours of document.querySelectorAll(OURS)) {
        const texts = document.createTreeWalker(ours, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            const isText = texts.currentNode.data.trim() && !element.closest("option, title, desc, noscript, script");
            if (!isText || !isSeen(element) || element.closest("[aria-disabled=true], :disabled")) {
                continue;
            }
            // In a list of the theme's, a badge without a colour of its own has that of the theme's links.
            if (!ours.matches(".copyleaks-badge-not-measured") || element.closest(".copyleaks-surface")) {
                const found = contrast(element);
                if (found < CONTRAST) {
                    faults.add(`contrast ${found.toFixed(2)}: ${words(element)}`);
                }
            }
        }
    }

    const controls = [...document.querySelectorAll(`.copyleaks-surface ${CONTROLS}, .copyleaks-button`)].filter(isSeen);
    for (const menu of document.querySelectorAll(".copyleaks-surface select:is([aria-hidden], [tabindex='-1'])")) {
        faults.add(`hidden from the keyboard: ${menu.name}`);
    }
    for (const control of controls) {
        if (["select", "input"].includes(control.localName) && !["range", "checkbox", "radio"].includes(control.type) && contrast(control) < CONTRAST) {
            faults.add(`contrast ${contrast(control).toFixed(2)}: ${words(control)} ${control.name}`);
        }
        if (control.localName === "button" && (control.scrollWidth > control.clientWidth + 1 || control.offsetHeight < 24)) {
            faults.add(`cut: ${words(control)}`);
        }
        control.scrollIntoView({ block: "center", behavior: "instant" });
        const { left, top, width, height } = control.getClientRects()[0];
        const there = document.elementFromPoint(left + width / 2, top + height / 2);
        const isReached = there && (control.contains(there) || there.contains(control) || there.closest("label")?.contains(control));
        if (!isReached) {
            faults.add(`covered: ${words(control)} by ${there ? words(there) : "nothing: it is outside of the window"}`);
        }
    }
    for (const [at, one] of controls.entries()) {
        for (const other of controls.slice(at + 1)) {
            const isNested = one.contains(other) || other.contains(one);
            const areApart = Boolean(one.closest(".copyleaks-bar")) !== Boolean(other.closest(".copyleaks-bar"));
            if (isNested || areApart) {
                continue; // What is below the bar comes into sight when the page is scrolled.
            }
            const overlap = [...one.getClientRects()].some((a) =>
                [...other.getClientRects()].some(
                    (b) =>
                        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
                        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1,
                ),
            );
            if (overlap) {
                faults.add(`overlap: ${words(one)} and ${words(other)}`);
            }
        }
    }

    const width = document.documentElement.clientWidth;
    for (const element of isOurs ? document.querySelectorAll(".copyleaks-surface, .copyleaks-surface *") : []) {
        const scrolls = element.closest(".copyleaks-scroll, .copyleaks-frame, .copyleaks-spoken, .copyleaks-body, svg");
        const { left, right } = element.getBoundingClientRect();
        if (isSeen(element) && !scrolls && (right > width + 1 || left < -1)) {
            faults.add(`too wide by ${Math.ceil(Math.max(right - width, -left))} px: ${words(element)}`);
        }
    }
    window.scrollTo({ top: 0, behavior: "instant" });
    return [...faults];
}

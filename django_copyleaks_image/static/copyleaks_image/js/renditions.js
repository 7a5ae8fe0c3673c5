// Pictures that are still being prepared: a sign stands in their place until a worker has drawn them.
"use strict";
window.copyleaksImage = window.copyleaksImage || {};
{
    // The size of the sign in its own pixels, as in admin/images.py.
    const SIGN = [321, 213];
    // Milliseconds to the next look, longer each time.
    const FIRST = 700;
    const LONGEST = 10_000;
    const ACCEPTED = 202;

    const pause = (milliseconds) => new Promise((call) => setTimeout(call, milliseconds));

    // Wait until a picture that is loaded is no sign any more, as long as anybody wants it. Rejects when it turns out
    // that there will be none.
    async function drawn(image, isWanted = () => image.isConnected) {
        const address = image.src;
        if (!isSign(image)) {
            return;
        }
        image.classList.add("copyleaks-sign");
        for (let wait = FIRST; isWanted(); wait = Math.min(1.5 * wait, LONGEST)) {
            await pause(wait);
            if (!document.hidden && !(await isBeingPrepared(address))) {
                image.classList.remove("copyleaks-sign");
                // A browser may take the same address for the same picture.
                image.src = `${address}?drawn`;
                await image.decode();
                return;
            }
        }
    }

    function isSign(image) {
        return image.naturalWidth === SIGN[0] && image.naturalHeight === SIGN[1];
    }

    // A site that does not answer just now may do so later.
    async function isBeingPrepared(address) {
        try {
            const answer = await fetch(address, { credentials: "same-origin", cache: "no-store" });
            return answer.status === ACCEPTED || answer.status >= 500;
        } catch {
            return true;
        }
    }

    // Why there is no picture at an address, in words.
    async function answerInWords(address) {
        try {
            const answer = await fetch(address, { credentials: "same-origin" });
            return answer.headers.get("Content-Type")?.startsWith("text/plain") ? await answer.text() : "";
        } catch {
            return "";
        }
    }

    function renew(image) {
        if (image.matches("img.copyleaks-thumbnail")) {
            drawn(image).catch(() => {}); // Its text stands in its place.
        }
    }

    Object.assign(window.copyleaksImage, { answerInWords, drawn });

    // Load events do not bubble; those of pictures that are there before this script are over.
    document.addEventListener("load", (event) => event.target instanceof HTMLImageElement && renew(event.target), true);
    document.querySelectorAll("img.copyleaks-thumbnail").forEach(renew);
}

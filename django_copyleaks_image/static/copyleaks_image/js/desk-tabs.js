// Claims belong to a moderator and not to a page: the tabs of a browser tell each other which pictures they hold.
"use strict";
{
    class Tabs {
        #channel = new BroadcastChannel("copyleaks-image.desk");
        #name = Math.random();
        #held = [];
        // By the names of the other tabs.
        #heldElsewhere = new Map();

        constructor() {
            this.#channel.addEventListener("message", ({ data }) => {
                this.#heldElsewhere.set(data.name, data.held);
                if (data.isNew) {
                    this.#tell();
                }
            });
            this.#tell({ isNew: true });
        }

        hold(keys) {
            if (keys.join() !== this.#held.join()) {
                this.#held = keys;
                this.#tell();
            }
        }

        // Return those of the keys that no other tab holds.
        heldHereAlone(keys) {
            const elsewhere = [...this.#heldElsewhere.values()].flat();
            return keys.filter((key) => !elsewhere.includes(key));
        }

        #tell({ isNew = false } = {}) {
            this.#channel.postMessage({ name: this.#name, held: this.#held, isNew });
        }
    }

    window.copyleaksImage.Tabs = Tabs;
}

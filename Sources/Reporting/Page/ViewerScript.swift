/// What moves the token viewer. Text from the study reaches the page as `textContent` alone.
enum ViewerScript {
    static let source = HTML(
        trusted: #"""
            (() => {
              "use strict";
              const root = document.querySelector(".viewer");
              if (!root) return;
              const { baseline, pages } = JSON.parse(root.querySelector("script").textContent);
              const [text, facts, key] = ["text", "facts", "key"].map((name) => root.querySelector(`.token-${name}`));
              const select = (name) => root.querySelector(`select[name=${name}]`);
              const categories = { H: "H→H", r: "L→H", f: "H→L", L: "L→L" };
              const nats = (value, sign = false) => value == null || Number.isNaN(value) ? "–"
                : (sign && value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value / 1000).toFixed(3);
              const minus = (a, b) => a == null || b == null ? null : a - b;

              let page, arm, reference, plain, offset, current = 0;
              const trained = () => Object.keys(page.references).find((name) => name !== "base");
              const referenceOf = (arm) => arm.reference ?? trained() ?? Object.keys(page.references)[0] ?? null;
              const measures = {
                loss: { label: "loss", value: (i) => arm.losses[i] },
                reference: {
                  label: "reference loss", exists: () => reference, value: (i) => page.references[reference][i],
                },
                excess: {
                  label: "excess loss (loss − reference loss)", signed: true, exists: () => reference,
                  value: (i) => minus(arm.losses[i], page.references[reference][i]),
                },
                start: {
                  label: "change since the start", signed: true, exists: () => page.start,
                  value: (i) => minus(arm.losses[i], page.start[i]),
                },
                baseline: {
                  label: `difference from ${baseline}`, signed: true, exists: () => plain && plain !== arm,
                  value: (i) => minus(arm.losses[i], plain.losses[i]),
                },
                category: { label: "category over training", exists: () => arm.categories },
                picked: {
                  label: "when the rule would pick it", exists: () => arm.steps.length,
                  value: (i) => [...arm.steps.keys()].filter((bit) => Math.floor(page_bits(i) / 2 ** bit) % 2).length,
                },
              };
              const page_bits = (i) => arm.picks[i] ?? 0;
              const fill = (box, entries) => {
                const chosen = box.value;
                box.replaceChildren(...entries.map(([value, label]) => new Option(label, value)));
                if (entries.some(([value]) => String(value) === chosen)) box.value = chosen;
              };

              // The value that gets full ink: the 95th percentile of the whole page, so that blocks compare.
              const scale = (measure) => {
                const sizes = arm.losses.map((_, i) => Math.abs(measure.value(i) ?? NaN)).filter((size) => size >= 0);
                sizes.sort((a, b) => a - b);
                return sizes[Math.floor(0.95 * (sizes.length - 1))] || 1;
              };

              const swatch = (className, value, label) => {
                const span = document.createElement("span");
                span.className = `token ${className}`;
                span.style.setProperty("--value", value);
                span.textContent = label;
                return span;
              };

              const drawKey = (name, full) => {
                const { signed } = measures[name];
                key.replaceChildren(...(name === "category"
                  ? Object.entries(categories).map(([letter, label]) => swatch(`category-${letter}`, 1, label))
                  : name === "picked"
                    ? [swatch("", 0, "never"), swatch("", 1, `at each of ${arm.steps.length} evaluations`)]
                    : signed
                      ? [swatch("negative", 1, `${nats(-full, true)} and below`), swatch("", 0, "0"),
                        swatch("", 1, `${nats(full, true)} nats and above`)]
                      : [swatch("", 0, "0"), swatch("", .5, nats(full / 2)), swatch("", 1, `${nats(full)} nats and above`)]));
              };

              const draw = () => {
                const block = Number(select("block").value);
                offset = page.pieces.slice(0, block).reduce((sum, pieces) => sum + pieces.length, 0);
                const name = select("measure").value, measure = measures[name];
                const full = name === "category" ? 1 : name === "picked" ? arm.steps.length : scale(measure);
                drawKey(name, full);
                text.replaceChildren(...page.pieces[block].map((piece, place) => {
                  const i = offset + place, span = document.createElement("span");
                  span.className = "token";
                  span.role = "option";
                  span.tabIndex = -1;
                  span.dataset.place = place;
                  span.textContent = piece === "" ? "·" : piece;
                  if (piece === "") span.classList.add("part");
                  if (arm.losses[i] == null) {
                    span.classList.add("given");
                  } else if (name === "category") {
                    if (arm.categories[i] !== "-") span.classList.add(`category-${arm.categories[i]}`);
                  } else {
                    const value = measure.value(i);
                    if (value < 0) span.classList.add("negative");
                    span.style.setProperty("--value", Math.min(1, Math.abs(value ?? 0) / full).toFixed(3));
                  }
                  return span;
                }));
                current = Math.min(current, text.children.length - 1);
                show(current, false);
              };

              const picked = (i) => {
                const bits = page_bits(i), steps = arm.steps.filter((_, bit) => Math.floor(bits / 2 ** bit) % 2);
                return steps.length === 0 ? "never" : steps.length === arm.steps.length ? "at every evaluation"
                  : `after step ${steps.join(", ")}`;
              };

              const show = (place, focuses) => {
                text.children[current]?.setAttribute("tabindex", "-1");
                text.children[current]?.removeAttribute("aria-selected");
                current = place;
                const span = text.children[place], i = offset + place;
                span.tabIndex = 0;
                span.setAttribute("aria-selected", "true");
                if (focuses) span.focus();
                tell(i, place, span.textContent);
              };

              const tell = (i, place, piece) => {
                const entries = [["token", `“${piece}”`], ["position", place], ["loss", nats(arm.losses[i])]];
                if (reference) {
                  entries.push([`loss of ${reference}`, nats(page.references[reference][i])],
                    ["excess", nats(measures.excess.value(i), true)]);
                }
                if (page.start) entries.push(["since the start", nats(measures.start.value(i), true)]);
                if (measures.baseline.exists()) entries.push([`minus ${baseline}`, nats(measures.baseline.value(i), true)]);
                if (arm.categories) entries.push(["category", categories[arm.categories[i]] ?? "–"]);
                if (arm.steps.length) entries.push(["would be picked", arm.losses[i] == null ? "–" : picked(i)]);
                facts.replaceChildren(...entries.map(([name, value]) => {
                  const [entry, term, description] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
                  term.textContent = name;
                  description.textContent = value;
                  entry.append(term, description);
                  return entry;
                }));
              };

              const chooseArm = () => {
                arm = page.arms[Number(select("arm").value)];
                reference = referenceOf(arm);
                plain = page.arms.find((other) => other.label === baseline) ?? null;
                fill(select("measure"), Object.entries(measures)
                  .filter(([, measure]) => measure.exists?.() ?? true).map(([name, measure]) => [name, measure.label]));
                draw();
              };
              const choosePage = () => {
                page = pages[Number(select("page").value)];
                fill(select("arm"), page.arms.map((arm, index) => [index, arm.label]));
                fill(select("block"), page.pieces.map((_, index) => [index, `block ${index + 1} of ${page.pieces.length}`]));
                chooseArm();
              };
              const turn = (by) => {
                const box = select("block"), next = Number(box.value) + by;
                if (next < 0 || next >= page.pieces.length) return;
                box.value = next;
                current = 0;
                draw();
              };

              // The token on the next or the previous line whose middle is nearest.
              const vertical = (direction) => {
                const here = text.children[current].getBoundingClientRect();
                const middle = (rect) => (rect.left + rect.right) / 2;
                let best = current, line = null, distance = Infinity;
                for (let place = current + direction; text.children[place]; place += direction) {
                  const rect = text.children[place].getBoundingClientRect();
                  if ((rect.top - here.top) * direction < here.height / 2) continue;
                  line ??= rect.top;
                  if (Math.abs(rect.top - line) > here.height / 2) break;
                  const away = Math.abs(middle(rect) - middle(here));
                  if (away < distance) [best, distance] = [place, away];
                }
                return best;
              };

              text.addEventListener("keydown", (event) => {
                if (event.ctrlKey || event.metaKey || event.altKey) return;
                const last = text.children.length - 1;
                const places = {
                  ArrowRight: () => Math.min(last, current + 1), ArrowLeft: () => Math.max(0, current - 1),
                  ArrowDown: () => vertical(1), ArrowUp: () => vertical(-1), Home: () => 0, End: () => last,
                };
                if (event.key in places) show(places[event.key](), true);
                else if (event.key === "PageDown" || event.key === "PageUp") {
                  turn(event.key === "PageDown" ? 1 : -1);
                  show(current, true);
                } else return;
                event.preventDefault();
              });
              const placeOf = (event) => event.target.closest?.(".token-text .token")?.dataset.place;
              for (const kind of ["focusin", "click"]) {
                text.addEventListener(kind, (event) => {
                  const place = placeOf(event);
                  if (place !== undefined && Number(place) !== current) show(Number(place), kind === "click");
                });
              }
              text.addEventListener("mouseover", (event) => {
                const place = placeOf(event);
                if (place !== undefined) tell(offset + Number(place), Number(place), event.target.textContent);
              });
              text.addEventListener("mouseleave", () => show(current, false));
              for (const button of root.querySelectorAll("[data-turn]")) {
                button.addEventListener("click", () => turn(Number(button.dataset.turn)));
              }
              select("page").addEventListener("change", choosePage);
              select("arm").addEventListener("change", chooseArm);
              select("measure").addEventListener("change", draw);
              select("block").addEventListener("change", draw);
              choosePage();
            })();
            """#)
}

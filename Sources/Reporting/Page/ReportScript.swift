/// Draws the figures from the descriptions beside them. Everything that is text is on the page without it.
enum ReportScript {
    static let source = HTML(
        trusted: #"""
            (() => {
              "use strict";
              const plots = [];
              const base = {
                paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, dragmode: false,
                hovermode: "closest", font: { family: getComputedStyle(document.querySelector("table")).fontFamily, size: 12.5 },
              };
              const drawn = (layout) => {
                for (const key of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
                  layout[key] = { showgrid: false, gridwidth: 1, ...layout[key] };
                  layout[key].title.font = { size: 12.5 };
                }
                for (const note of layout.annotations ?? []) note.font = { size: 13 };
                return { ...base, ...layout, margin: { l: 8, r: 10, t: 10, b: 8, ...layout.margin } };
              };

              for (const figure of document.querySelectorAll("figure")) {
                const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
                const plot = figure.querySelector(".plot");
                Plotly.newPlot(plot, data, drawn(layout), { displayModeBar: false, responsive: true });
                plots.push(plot);
              }

              // The figures of a control's section whose every line carries what the control goes by.
              const governed = (control, key) => plots.filter((plot) => plot.closest("section").id === control.dataset.section
                && plot.data.every((trace) => trace.meta?.[key] !== undefined));

              for (const segments of document.querySelectorAll(".segments")) {
                segments.addEventListener("change", (event) => {
                  const { value, dataset } = event.target;
                  for (const plot of governed(segments, "x")) {
                    const axes = Object.keys(plot.layout).filter((key) => /^xaxis/.test(key));
                    Plotly.update(plot, { x: plot.data.map((trace) => trace.meta.x[value]) },
                      Object.fromEntries(axes.flatMap((axis) =>
                        [[`${axis}.title.text`, dataset.title], [`${axis}.autorange`, true]])));
                  }
                });
              }

              for (const legend of document.querySelectorAll(".legend")) {
                legend.addEventListener("change", () => {
                  const shown = new Set([...legend.querySelectorAll("input:checked")].map((box) => Number(box.dataset.arm)));
                  for (const plot of governed(legend, "arm")) {
                    Plotly.restyle(plot, { visible: plot.data.map((trace) => shown.has(trace.meta?.arm)) });
                  }
                });
              }

              // Paper is narrower than most windows, and printing doesn't wait for a resize.
              const paperWidth = 670;
              addEventListener("beforeprint", () => plots.forEach((plot) => Plotly.relayout(plot, { width: paperWidth })));
              addEventListener("afterprint", () => plots.forEach((plot) => Plotly.relayout(plot, { width: null, autosize: true })));
            })();
            """#)
}

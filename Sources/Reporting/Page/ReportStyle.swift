/// The page's look: system fonts, one column, tabular figures; light, dark and paper from one set of inks.
///
/// Plotly writes its ink into the SVG; the rules under `.plot` take it back, so that figures follow the page into the dark
/// and onto paper without being drawn again.
enum ReportStyle {
    static let sheet = HTML(trusted: inks + page + tables + figures + ViewerStyle.sheet + paper)

    private static let inks = """
        :root {
          --paper: #fdfdfc; --ink: #1b1c1e; --soft: #55585e; --faint: #6c7078; --rule: #d9dadd; --wash: #f3f3f1;
          --link: #0b5a94; --heat: 0 114 178; --cold: 213 94 0; --mark: #a2590a;
          --edge: clamp(1rem, 4vw, 2.5rem);
          --prose: Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
          --plain: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", "DejaVu Sans", sans-serif;
          --fixed: ui-monospace, "SF Mono", Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #15171a; --ink: #e4e4e1; --soft: #b0b3b8; --faint: #9095a0; --rule: #36393f; --wash: #1d2024;
            --link: #7fbdee; --mark: #e0a458;
          }
        }
        @media print {
          :root {
            --paper: #fff; --ink: #000; --soft: #333; --faint: #666; --rule: #bbb; --wash: #fff; --link: #000; --mark: #000;
          }
        }

        """

    private static let page = """
        * { box-sizing: border-box; }
        html { background: var(--paper); color: var(--ink); color-scheme: light dark; -webkit-text-size-adjust: 100%; }
        body {
          margin: 0 auto; max-width: 69rem; padding: 2.5rem var(--edge) 3rem;
          font: 1.0625rem/1.55 var(--prose); overflow-wrap: break-word;
        }
        h1, h2, h3 { line-height: 1.2; text-wrap: balance; font-weight: 600; }
        h1 { font-size: clamp(1.7rem, 4.5vw, 2.3rem); margin: 0 0 .8rem; letter-spacing: -.01em; }
        h2 { font-size: 1.45rem; margin: 3.5rem 0 1rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
        h3 { font-size: 1.08rem; margin: 2rem 0 .5rem; }
        p { margin: 0 0 1rem; max-width: 44rem; text-wrap: pretty; }
        a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: 1px; }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
        .kind { font: .8rem/1 var(--plain); letter-spacing: .09em; text-transform: uppercase; color: var(--soft); }
        .summary { font-size: 1.15rem; color: var(--soft); }
        .skip { position: absolute; left: -100vw; }
        .skip:focus { left: 1rem; top: .5rem; }
        nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 1.6rem 0 0; padding: 0; }
        nav { font: .9rem/1.5 var(--plain); }
        .facts {
          font-family: var(--plain); display: grid; gap: 1rem 1.8rem; margin: 1.6rem 0;
          grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr));
        }
        .facts dt { font-size: .8rem; color: var(--soft); }
        .facts dd { margin: .1rem 0 0; font-size: .95rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
        .note { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); white-space: normal; }
        .findings { font-size: 1.12rem; line-height: 1.5; max-width: 44rem; }
        .findings p { margin: 0 0 .7rem; }
        .quirks { max-width: 46rem; }
        .quirks dt { margin-top: .9rem; }
        .quirks dd { margin: .15rem 0 0; font-size: .97rem; }
        .notice { border-left: 3px solid var(--mark); padding: .1rem 0 .1rem 1.1rem; margin: 1.8rem 0; max-width: 46rem; }
        .notice h3 { margin: 0 0 .4rem; font-size: 1rem; }
        .notice ul { margin: 0; padding-left: 1.1rem; font-size: .97rem; }
        .notice li { margin: .25rem 0; }
        code, pre { font-family: var(--fixed); font-size: .82em; }
        dd code, td code { overflow-wrap: anywhere; }
        pre { background: var(--wash); padding: 1rem; overflow: auto; line-height: 1.45; max-height: 32rem; }
        details { margin-top: 1.6rem; }
        summary { cursor: pointer; font-family: var(--plain); font-size: .95rem; }
        footer { margin-top: 4rem; border-top: 1px solid var(--rule); padding-top: 1rem; color: var(--soft); font-size: .9rem; }

        """

    private static let tables = """
        .scroll { overflow-x: auto; margin: 0 0 .4rem; }
        table {
          border-collapse: collapse; width: 100%; font: .875rem/1.35 var(--plain); font-variant-numeric: tabular-nums lining-nums;
          margin: 1.4rem 0 1.2rem; border-bottom: 1.5px solid var(--ink);
        }
        caption {
          caption-side: top; text-align: left; color: var(--soft); padding-bottom: .7rem; font-size: .86rem; line-height: 1.45;
        }
        caption > span {
          display: block; position: sticky; left: 0; max-width: min(46rem, 100vw - 2 * var(--edge)); text-wrap: pretty;
        }
        caption strong { color: var(--ink); }
        th, td { padding: .38rem .7rem; text-align: right; vertical-align: baseline; white-space: nowrap; font-weight: 400; }
        thead tr:first-child th { border-top: 1.5px solid var(--ink); }
        thead tr:last-child th { border-bottom: 1px solid var(--ink); }
        thead th { color: var(--soft); font-size: .92em; vertical-align: bottom; }
        thead th[rowspan] { border-bottom: 1px solid var(--ink); }
        th[colspan] { text-align: center; color: var(--ink); border-bottom: 1px solid var(--rule); white-space: normal; }
        th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: var(--paper); z-index: 1; }
        thead tr:last-child:not(:first-child) th:first-child { position: static; padding-left: .7rem; text-align: right; }
        th[scope=row] { min-width: 7.5rem; max-width: 11rem; white-space: normal; }
        td:last-child, thead th:last-child { padding-right: .2rem; }
        tbody tr + tr > * { border-top: 1px solid var(--rule); }
        tbody tr.start > * { color: var(--soft); }
        tbody tr.baseline > * { background: var(--wash); }
        strong { font-weight: 600; }
        .faint { color: var(--faint); }
        .interval { display: block; font-size: .87em; color: var(--faint); }
        .results td, .results thead th:not(:first-child) { padding-inline: .5rem; }
        .words { text-align: left; white-space: normal; min-width: 5rem; }
        .wordy thead th { text-align: left; }
        .claims th[scope=row] { max-width: 22rem; min-width: 14rem; }
        .claims td { min-width: 6.5rem; }
        .claims td:nth-child(3) { min-width: 11rem; }
        .claims .untested > * { color: var(--faint); }
        .truth th[scope=row] { max-width: 18rem; }
        tr.group th { padding-top: 1rem; max-width: none; font-weight: 600; }
        .selection td:nth-child(2) { white-space: normal; min-width: 6rem; max-width: 9rem; }
        .heat { table-layout: fixed; min-width: 44rem; }
        .heat th:first-child { width: 9rem; }
        .heat td { text-align: center; vertical-align: middle; background: rgb(var(--heat) / calc(var(--value, 0) * .62)); }
        .heat td.negative { background: rgb(var(--cold) / calc(var(--value, 0) * .62)); }
        .heat tbody tr + tr > td { border-top-color: var(--paper); }
        .heat td + td { border-left: 1px solid var(--paper); }
        .heat thead th { white-space: normal; text-align: center; }

        """

    private static let figures = """
        figure { margin: 1.8rem 0 2.2rem; }
        figcaption { font: .86rem/1.45 var(--plain); color: var(--soft); max-width: 46rem; margin-top: .4rem; text-wrap: pretty; }
        .key { display: inline-block; width: .7em; height: .7em; border-radius: 1px; print-color-adjust: exact; }
        .legend {
          border: 0; padding: 0; margin: 1rem 0 0; font: .86rem/1.4 var(--plain); display: flex; flex-wrap: wrap; gap: .3rem 1.3rem;
        }
        .legend legend { color: var(--soft); padding: 0 0 .35rem; }
        .legend label { display: inline-flex; align-items: center; gap: .4rem; cursor: pointer; }
        .legend input { accent-color: var(--soft); margin: 0; }
        .plot text { fill: var(--soft) !important; }
        .plot .annotation-text { fill: var(--ink) !important; }
        .plot .gridlayer path { stroke: var(--rule) !important; }
        .plot .zerolinelayer path { stroke: var(--faint) !important; }
        .plot path.xlines-above, .plot path.ylines-above, .plot path.xlines-below, .plot path.ylines-below, .plot path.xtick,
        .plot path.ytick, .plot .xaxislayer-above path, .plot .yaxislayer-above path { stroke: var(--faint) !important; }
        .plot .hoverlayer .hovertext path { fill: var(--paper) !important; stroke: var(--faint) !important; }
        .plot .hoverlayer .hovertext text { fill: var(--ink) !important; }

        """

    private static let paper = """
        @media print {
          @page { margin: 14mm 12mm; }
          html { color-scheme: light; font-size: 12.5px; }
          body { max-width: none; padding: 0; }
          nav, .skip, .legend input, details summary { display: none; }
          details::details-content { content-visibility: visible; height: auto; }
          h2 { margin-top: 2rem; }
          h2, h3, caption { break-after: avoid; }
          figure, table, .notice { break-inside: avoid; }
          .scroll { overflow: visible; }
          .plot { min-width: 0 !important; }
          table { font-size: .8rem; }
          .heat { min-width: 0; }
          th, td, .results td, .results thead th:not(:first-child) { padding-inline: .25rem; }
          td, .heat td { print-color-adjust: exact; }
          pre { max-height: none; white-space: pre-wrap; }
        }
        """
}

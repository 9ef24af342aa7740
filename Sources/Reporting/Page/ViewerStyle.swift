/// The look of the token viewer and of the controls it shares with the figures.
enum ViewerStyle {
    static let sheet = """
        .controls { display: flex; flex-wrap: wrap; align-items: end; gap: .7rem 1.2rem; margin: 1.4rem 0 .9rem; }
        .controls, .segments, .token-key, .token-facts { font: .86rem/1.4 var(--plain); }
        .controls label { display: grid; gap: .2rem; color: var(--soft); font-size: .8rem; max-width: 100%; }
        select, button {
          font: .88rem/1.3 var(--plain); color: var(--ink); background: var(--wash); border: 1px solid var(--rule);
          border-radius: 3px; padding: .3rem .5rem; max-width: 100%;
        }
        button { cursor: pointer; min-width: 2.2rem; }
        .pager { display: flex; gap: .3rem; }
        .token-key { display: flex; flex-wrap: wrap; gap: .35rem .6rem; margin: 0 0 .8rem; max-width: none; }
        .token-key .token { padding: .1rem .45rem; }
        .token-facts {
          position: sticky; top: 0; z-index: 2; background: var(--paper); margin: 0; padding: .5rem 0 .6rem;
          border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); display: grid; gap: .3rem 1.1rem;
          grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); min-height: 5.4em; align-content: start;
        }
        .token-facts dt { font-size: .78rem; color: var(--soft); }
        .token-facts dd {
          margin: 0; font-variant-numeric: tabular-nums; white-space: pre; overflow: hidden; text-overflow: ellipsis;
        }
        .token-text {
          font: 1.02rem/1.95 var(--prose); white-space: pre-wrap; overflow-wrap: anywhere; padding: .8rem 0; max-width: 52rem;
        }
        .token {
          background: rgb(var(--heat) / calc(var(--value, 0) * .5)); border-radius: 2px; padding: .12em 0; cursor: default;
          box-shadow: inset 0 -1px 0 var(--rule); print-color-adjust: exact;
        }
        .token.negative { background: rgb(var(--cold) / calc(var(--value, 0) * .5)); }
        .token.given { color: var(--faint); box-shadow: none; }
        .token.part { color: var(--faint); }
        .token[aria-selected] { outline: 2px solid var(--link); outline-offset: 1px; }
        .token.category-H { background: rgb(var(--cold) / .2); }
        .token.category-r { background: rgb(var(--cold) / .55); }
        .token.category-f { background: rgb(var(--heat) / .5); }
        .token.category-L { background: rgb(var(--heat) / .12); }
        .segments { border: 0; padding: 0; margin: 1rem 0 0; display: flex; flex-wrap: wrap; align-items: center; }
        .segments legend { color: var(--soft); padding: 0 0 .35rem; }
        .segments label { position: relative; cursor: pointer; }
        .segments input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; }
        .segments span { display: block; padding: .28rem .8rem; border: 1px solid var(--rule); margin-left: -1px; }
        .segments label:first-of-type span { border-radius: 3px 0 0 3px; margin-left: 0; }
        .segments label:last-of-type span { border-radius: 0 3px 3px 0; }
        .segments input:checked + span { background: var(--ink); color: var(--paper); border-color: var(--ink); }
        .segments input:focus-visible + span { outline: 2px solid var(--link); outline-offset: 2px; }
        @media print {
          .controls, .segments, .token-facts { display: none; }
          .token[aria-selected] { outline: 0; }
          .token-text { break-inside: avoid; }
        }

        """
}

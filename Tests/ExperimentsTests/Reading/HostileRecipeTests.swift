import Experiments
import Testing

/// Recipes as a stranger might write them.
@Suite struct HostileRecipeTests {
    private func refusal(_ yaml: String) -> String? {
        do {
            _ = try Study(yaml: yaml, source: "s.yaml")
            return nil
        } catch { return error.description }
    }

    /// Ten billion values in 400 bytes; as values, and as keys, which Yams hashes before anyone else sees them.
    @Test(.timeLimit(.minutes(1)), arguments: ["arms: *l9", "? *l9\n: 1", "{*l9 : 1}"])
    func aliasesOfAliasesAreRefused(use: String) {
        let bomb = (1...9).map { level in
            "l\(level): &l\(level) [" + Array(repeating: level == 1 ? "x" : "*l\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(refusal(bomb.joined() + use)?.contains("more than 8 aliases") == true)
    }

    /// As many aliases as are read, each doubling what is before it, behind a long list.
    @Test(.timeLimit(.minutes(1))) func aFewAliasesOfMuchAreRefused() {
        let list = "a: &a [" + Array(repeating: "x", count: 30_000).joined(separator: ",") + "]\n"
        let rest = "b: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: {[*c, *c] : 1}\n"
        #expect(refusal(list + rest)?.contains("more than 20000 values") == true)
    }

    /// libyaml stops at a thousand levels by itself; an alias continues them.
    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "[", count: 900) + "*a" + String(repeating: "]", count: 900)
        #expect(refusal("a: &a " + deep.replacing("*a", with: "x") + "\nb: " + deep)?.contains("within each other") == true)
        #expect(refusal(String(repeating: "[", count: 100_000)) != nil)
    }

    @Test func aTextTooLongForARecipeIsRefused() {
        #expect(refusal("# " + String(repeating: "x", count: 64 << 10))?.contains("at most 65536 are read") == true)
    }

    /// Two thousand arms under five thousand seeds fit into a recipe, and would take hours to look at.
    @Test(.timeLimit(.minutes(1))) func aMatrixWithoutEndIsRefused() {
        func study(arms: Int, seeds: Int, references: Int = 1) -> String {
            let lines = (0..<arms).map { "- {name: a\($0), selection.policy: all}\n" }.joined()
            let others = (0..<references).map { "r\($0): {}" }.joined(separator: ", ")
            return
                "seeds: [\((0..<seeds).map(String.init).joined(separator: ","))]\nreferences: {\(others)}\nbaseline: a0\narms:\n\(lines)"
        }
        #expect(refusal(study(arms: 1, seeds: 4500))?.contains("has 4500 seeds; list at most 256") == true)
        #expect(refusal(study(arms: 1700, seeds: 1))?.contains("has 1700 runs; list at most 256") == true)
        #expect(refusal(study(arms: 1, seeds: 1, references: 3000))?.contains("has 3000 runs; list at most 256") == true)
        #expect(refusal(study(arms: 1700, seeds: 4500)) != nil)
        #expect(refusal(study(arms: 16, seeds: 256)) == nil)
    }

    /// A comment, a pattern and emphasis are no aliases, however many stars they have.
    @Test func starsInTextAreNoAliases() throws {
        let comments = String(repeating: "# *a* *b*\n", count: 20)
        let yaml = comments + "name: stars\nadapter: {targetModules: ['.*q_proj', '2*3', 'a*b', '* x']}  # 5*3\n"
        #expect(throws: Never.self) { try Recipe(yaml: yaml + String(repeating: "# * *\n", count: 20)) }
    }

    /// U+2028 ends a line, and so a comment, in YAML 1.1.
    @Test(.timeLimit(.minutes(1))) func aliasesBehindALineSeparatorCount() {
        let line = "#\u{2028}b: [" + Array(repeating: "*a", count: 20).joined(separator: ", ") + "]\n"
        #expect(refusal("a: &a x\n" + line)?.contains("more than 8 aliases") == true)
    }

    /// Names become folders.
    @Test(arguments: ["../x", "..", ".", ".hidden", "/etc", "a/b", "a\\b", "", "a\0b", "reference", "start", "é", "-x", "a\nb"])
    func noNameLeadsOutOfAStudy(name: String) {
        let quoted = "\"" + name.replacing("\\", with: "\\\\").replacing("\0", with: "\\0").replacing("\n", with: "\\n") + "\""
        let arms = "arms: [{name: clm, selection.policy: all}]"
        #expect(refusal("arms: [{name: \(quoted), selection.policy: all}]\nbaseline: \(quoted)") != nil, "an arm")
        #expect(refusal("references: {\(quoted): {data.train: curated}}\n\(arms)") != nil || isHarmless(name), "a reference")
        #expect(refusal("name: \(quoted)\n\(arms)") != nil || isHarmless(name), "a study")
        #expect(refusal("base: {data: {validation: {\(quoted): default}}}\n\(arms)") != nil || isHarmless(name), "a split")
        #expect((try? Recipe(yaml: "name: \(quoted)")) == nil || isHarmless(name), "a run")
    }

    /// Folders that a study keeps are no names for arms, and fine for all else.
    private func isHarmless(_ name: String) -> Bool { ["reference", "start"].contains(name) }
}

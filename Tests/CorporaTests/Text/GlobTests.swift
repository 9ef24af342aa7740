import Corpora
import Testing

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.txt", "a.txt", true), ("*.txt", "x/y/a.txt", true), ("*.txt", "a.txt.gz", false), ("*.txt", ".txt", true),
        ("genindex*", "a/genindex-A.html", true), ("_modules", "a/_modules/b.html", true), ("_modules", "a/_modules2/b", false),
        ("a/*.txt", "a/b.txt", true), ("a/*.txt", "b/a/b.txt", false), ("a/*.txt", "a/b/c.txt", false),
        ("/*.txt", "a/b.txt", false),
        ("a/**/c", "a/c", true), ("a/**/c", "a/b/b/c", true), ("a/**/c", "a/b/d", false), ("**/c", "c", true),
        ("a/**", "a", false),
        ("a/**", "a/b/c", true), ("a/", "a/b/c", true), ("a/", "b/a/c", false),
        ("?.md", "x.md", true), ("?.md", "xy.md", false), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
        ("[!a-c]x", "dx", true),
        ("[!a-c]x", "ax", false), ("[]]", "]", true), ("[", "[", true), ("[ab", "[ab", true), ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false), ("*", "anything", true), ("", "x", false),
    ])
    func matching(pattern: String, path: String, expected: Bool) {
        #expect(Glob(pattern).matches(path) == expected)
    }

    /// A naive matcher needs exponential time for this.
    @Test func manyStarsAreNoDanger() {
        let pattern = String(repeating: "a*", count: 60) + "b"
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 2000)))
    }
}

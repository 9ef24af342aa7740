import FuzzedReaders
import FuzzedRecipes
import FuzzingHarness

@main enum WinnowFuzzRecipes {
    static func main() { Harness.main(Reader.recipes) }
}

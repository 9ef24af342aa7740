import FuzzedReaders
import FuzzingHarness

@main enum WinnowFuzz {
    static func main() { Harness.main(Reader.files) }
}

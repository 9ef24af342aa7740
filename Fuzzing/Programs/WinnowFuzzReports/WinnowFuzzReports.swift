import FuzzedReaders
import FuzzedReports
import FuzzingHarness

@main enum WinnowFuzzReports {
    static func main() { Harness.main(Reader.reports) }
}

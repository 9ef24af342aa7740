import Foundation

enum Fixtures {
    /// Some 400 words about the water cycle.
    static let plainEnglish = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Goldens/plain-english.txt")
}

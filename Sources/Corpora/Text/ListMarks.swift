/// The marks of list items, counted as the page is walked: looking back at every item's siblings would take the square of a
/// list's length.
struct ListMarks {
    /// Items met so far, by their list.
    private var counts: [HTMLNode: Int] = [:]
    /// Items that are open.
    private var depth = 0
    /// Lists within lists that are still set in further: a page may nest as deep as it likes.
    private static let deepest = 20

    /// Takes note of an item, whether it will be read or not: the ones after it keep their numbers.
    mutating func count(_ item: HTMLNode) {
        if let list = item.parent, list.name == "ol" { counts[list, default: 0] += 1 }
    }

    /// `- `, or `3. ` in a numbered list, indented by two spaces for every list around this one.
    mutating func open(_ item: HTMLNode) -> String {
        defer { depth += 1 }
        let indentation = String(repeating: "  ", count: min(depth, Self.deepest))
        guard let list = item.parent, let number = counts[list] else { return indentation + "- " }
        return "\(indentation)\(number). "
    }

    mutating func close() { depth -= 1 }
}

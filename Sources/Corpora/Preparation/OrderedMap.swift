/// Applies `transform` to every item on all cores, and returns the results in the items' order.
///
/// - Throws: the error of the earliest item that failed, whichever core met one first.
func orderedMap<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ transform: @escaping @Sendable (Item) throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Swift.Result<Result, any Error>).self) { group in
        for (index, item) in items.enumerated() {
            group.addTask {
                (
                    index,
                    Swift.Result {
                        try Task.checkCancellation()
                        return try transform(item)
                    }
                )
            }
        }
        var results = [Swift.Result<Result, any Error>?](repeating: nil, count: items.count)
        for try await (index, result) in group { results[index] = result }
        return try results.map { try $0!.get() }
    }
}

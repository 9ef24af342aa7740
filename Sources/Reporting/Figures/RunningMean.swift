/// The mean of the last `window` values at each place; of fewer at the beginning.
func runningMean(_ values: [Double], window: Int) -> [Double] {
    values.indices.map { index in
        let recent = values[max(0, index - window + 1)...index]
        return recent.reduce(0, +) / Double(recent.count)
    }
}

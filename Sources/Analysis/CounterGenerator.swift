/// Random numbers that are a function of a key and a counter: draw n of stream s is the same whoever asks first.
///
/// Philox4×64-10, Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3* (2011): the generator behind
/// `numpy.random.Philox`.
package struct CounterGenerator {
    private let key: (UInt64, UInt64)

    package init(seed: UInt64, stream: UInt64 = 0) { key = (seed, stream) }

    /// The four words at a counter.
    package func block(_ counter: UInt64) -> (UInt64, UInt64, UInt64, UInt64) {
        var x = (counter, UInt64(0), UInt64(0), UInt64(0))
        var (k0, k1) = key
        for round in 0..<10 {
            if round > 0 {
                k0 &+= 0x9E37_79B9_7F4A_7C15
                k1 &+= 0xBB67_AE85_84CA_A73B
            }
            let p0 = x.0.multipliedFullWidth(by: 0xD2E7_470E_E14C_6C93)
            let p1 = x.2.multipliedFullWidth(by: 0xCA5A_8263_9512_1157)
            x = (p1.high ^ x.1 ^ k0, p1.low, p0.high ^ x.3 ^ k1, p0.low)
        }
        return x
    }
}

/// Which documents are held out for validation: always whole documents, and the same ones on every machine.
public enum DocumentSplit: Sendable, Equatable {
    /// Documents number n, 2n, 3n… of those that are kept, in order.
    case every(Int)
    /// About this fraction, chosen by each document's own hash: documents that join later move no other.
    case fraction(Double)

    func check() throws {
        switch self {
        case .every(let n) where n < 2:
            throw CorpusError.badOption(name: "--validation-every", reason: "\(n) leaves nothing for training; use 2 or more")
        case .fraction(let fraction) where !(0..<1).contains(fraction):
            throw CorpusError.badOption(name: "--validation-fraction", reason: "\(fraction) is not in 0 ..< 1")
        default: break
        }
    }

    /// - Parameter number: the document's place among those kept, from 1.
    func holdsOut(number: Int, fingerprint: DocumentFingerprint) -> Bool {
        switch self {
        case .every(let n): number.isMultiple(of: n)
        case .fraction(let fraction): Double(fingerprint.high >> 11) * 0x1p-53 < fraction
        }
    }
}

extension DocumentSplit: Codable {
    private enum CodingKeys: String, CodingKey { case every, fraction }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let n = try container.decodeIfPresent(Int.self, forKey: .every) {
            self = .every(n)
        } else {
            self = .fraction(try container.decode(Double.self, forKey: .fraction))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .every(let n): try container.encode(n, forKey: .every)
        case .fraction(let fraction): try container.encode(fraction, forKey: .fraction)
        }
    }
}

import Foundation

/// A safetensors file by hand: any header over any bytes.
func safetensors(header: String, data: [UInt8] = [], claimedHeaderCount: UInt64? = nil) -> [UInt8] {
    let count = claimedHeaderCount ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: count.littleEndian) { [UInt8]($0) } + Array(header.utf8) + data
}

extension [Float] {
    var littleEndianBytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

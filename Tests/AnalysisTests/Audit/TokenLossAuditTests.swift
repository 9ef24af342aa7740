import Analysis
import RunRecords
import Testing

/// Each finding on losses that have its fault, and none on those that haven't. How well shifted labels are told from unshifted
/// ones on a real model is for `AuditCommandTests`.
@Suite struct TokenLossAuditTests {
    /// 20 rows of 16 tokens of 50 kinds, the rarer the less foreseen, as a model would have them; each third token is foreseen.
    private func right() throws -> TokenLosses {
        var state: UInt64 = 9
        func draw() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        var (ids, losses, mask): ([Int32], [Float], [Bool]) = ([], [], [])
        for index in 0..<20 * 16 {
            let id = Int32(50 * draw() * draw() * draw())
            ids.append(id)
            losses.append(Float(draw() < 0.3 ? 0.01 * draw() : 0.5 + Double(id) / 10 + draw()))
            mask.append(index % 16 > 0)
        }
        return try TokenLosses(rows: 20, positions: 16, losses: losses, mask: mask, inputIDs: ids)
    }

    private func only(_ losses: TokenLosses, _ sourceLocation: SourceLocation = #_sourceLocation) throws -> TokenLossAudit.Finding
    {
        let findings = TokenLossAudit(losses).findings
        #expect(findings.count == 1, "\(findings)", sourceLocation: sourceLocation)
        return try #require(findings.first, sourceLocation: sourceLocation)
    }

    @Test func aRightFilePasses() throws {
        var losses = try right()
        #expect(TokenLossAudit(losses).findings.isEmpty)
        #expect(TokenLossAudit(losses).tokens == 300)
        losses.inputIDs = nil
        #expect(TokenLossAudit(losses).findings.isEmpty)
    }

    @Test func whatIsNoLossIsCounted() throws {
        var losses = try right()
        losses.losses[16] = .nan  // Masked: no matter.
        (losses.losses[18], losses.losses[40]) = (.nan, .infinity)
        let finding = try only(losses)
        #expect(finding.kind == .notFinite && finding.count == 2 && finding.firstPlace == [1, 2])
        #expect(finding.severity == .error && finding.sentence.hasPrefix("2 of 300 losses"))

        losses = try right()
        losses.losses[19] = -1e-7  // A rounding.
        #expect(TokenLossAudit(losses).findings.isEmpty)
        losses.losses[50] = -0.5
        #expect(try only(losses).kind == .negative)
        #expect(try only(losses).firstPlace == [3, 2])
    }

    @Test func anEmptyMaskIsAnError() throws {
        var losses = try right()
        losses.mask = losses.mask.map { _ in false }
        #expect(try only(losses).kind == .nothingCounts)
        #expect(TokenLossAudit(losses).meanLoss == nil)
    }

    @Test func theFirstPositionMustNotCount() throws {
        var losses = try right()
        (losses.mask[0], losses.mask[5 * 16]) = (true, true)
        let finding = try only(losses)
        #expect(finding.kind == .firstPositionCounts && finding.count == 2 && finding.severity == .error)
        #expect(finding.remedy.contains("mask position 0"))
    }

    @Test func rowsOfOneValueAreErrors() throws {
        var losses = try right()
        for place in 33..<48 { losses.losses[place] = 0 }
        let finding = try only(losses)
        #expect(finding.kind == .constantRows && finding.count == 1 && finding.firstPlace == [2, 0])
    }

    @Test func repeatedRowsAreErrorsWhereTheirTokensDiffer() throws {
        var losses = try right()
        for place in 0..<16 { losses.losses[7 * 16 + place] = losses.losses[4 * 16 + place] }
        #expect(try only(losses).kind == .repeatedRows)
        #expect(try only(losses).severity == .error)
        #expect(try only(losses).sentence.contains("row 7 those of 4"))
        for place in 0..<16 { losses.inputIDs![7 * 16 + place] = losses.inputIDs![4 * 16 + place] }
        #expect(try only(losses).severity == .warning)
    }

    @Test func paddingMustNotCount() throws {
        var losses = try right()
        func pad(_ row: Int, _ places: Range<Int>, counted: Bool) {
            for place in places {
                losses.inputIDs![row * 16 + place] = 49
                losses.mask[row * 16 + place] = counted
            }
        }
        pad(2, 6..<16, counted: false)
        #expect(TokenLossAudit(losses).findings.isEmpty, "masked padding")
        pad(2, 6..<16, counted: true)
        #expect(try only(losses).severity == .warning, "one row may end so by chance")
        pad(3, 4..<16, counted: true)
        let finding = try only(losses)
        #expect(finding.kind == .paddingCounts && finding.severity == .error)
        // The first of each run may be the end of the text.
        #expect(finding.count == 9 + 11 && finding.firstPlace == [2, 7])
    }

    @Test func textThatIsMaskedIsAWarning() throws {
        var losses = try right()
        for place in 5..<9 { losses.mask[10 * 16 + place] = false }
        let finding = try only(losses)
        #expect(finding.kind == .textIsMasked && finding.severity == .warning)
        #expect(finding.count == 4 && finding.firstPlace == [10, 5])
        #expect(!TokenLossAudit(losses).hasErrors)
    }

    /// One place early, with position 0 masked all the same or with the last one masked; and one place late.
    @Test func displacedLossesAreErrors() throws {
        let right = try right()
        var early = right
        early.losses = Array(right.losses.dropFirst()) + [1]
        #expect(try only(early).kind == .displaced)
        #expect(try only(early).remedy.contains("to the right"))
        for row in 0..<20 { (early.mask[row * 16], early.mask[row * 16 + 15]) = (true, false) }
        #expect(TokenLossAudit(early).findings.map(\.kind) == [.firstPositionCounts, .displaced])
        #expect(TokenLossAudit(early).findings[0].remedy.contains("move every row"))
        var late = right
        late.losses = [1] + right.losses.dropLast()
        #expect(try only(late).sentence.contains("late"))
    }

    /// As high as guessing among all tokens, and nothing foreseen; with ids and without.
    @Test func lossesAsHighAsGuessingAreUnshifted() throws {
        var losses = try right()
        losses.inputIDs = losses.inputIDs!.map { $0 * 600 }
        losses.losses = losses.losses.map { 9 + $0 / 3 }
        #expect(try only(losses).kind == .unshifted)
        losses.inputIDs = nil
        #expect(try only(losses).kind == .unshifted)
        // A small share of foreseen tokens tells a model that is merely bad.
        for place in stride(from: 3, to: 320, by: 16) { losses.losses[place] = 0.01 }
        #expect(TokenLossAudit(losses).findings.isEmpty)
    }

    /// Low before a repetition and high at it, whatever the mean.
    @Test func repetitionsTellUnshiftedLabels() throws {
        var losses = try right()
        for place in stride(from: 5, to: 320, by: 8) {
            losses.inputIDs![place] = losses.inputIDs![place - 1]
            (losses.losses[place - 1], losses.losses[place]) = (0.2, 4)
        }
        #expect(TokenLossAudit(losses).findings.map(\.kind).contains(.unshifted))
    }

    @Test func errorsComeFirst() throws {
        var losses = try right()
        losses.mask[10 * 16 + 5] = false
        losses.losses[20] = .nan
        #expect(TokenLossAudit(losses).findings.map(\.severity) == [.error, .warning])
    }
}

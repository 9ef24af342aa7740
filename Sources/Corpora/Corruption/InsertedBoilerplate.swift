/// Lines of a site's menu, footer and banners stand between the lines of the text, as a careless extraction leaves them.
///
/// Fluent, common, and out of place. `share` counts words of the damaged text. Lines come in random order, and again once all
/// have been there.
public struct InsertedBoilerplate: TextCorruption {
    public init() {}

    public var label: String { "boilerplate" }
    public var summary: String { "lines of a site's menu, footer and banners stand between its lines" }

    public func edits(to text: String, share: Double, random: inout CorruptionGenerator) -> [EditedText.Edit] {
        let bytes = Array(text.utf8)
        let breaks = bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
        let words = TextWord.words(of: text).count
        let wanted = share < 1 ? share / (1 - share) * Double(words) : Double(words)
        var deck: [String] = []
        var inserted = 0.0
        var lines: [Int: String] = [:]
        while inserted < wanted {
            if deck.isEmpty { deck = random.shuffled(Self.lines) }
            let line = deck.removeLast()
            let count = Double(TextWord.words(of: line).count)
            // Half a line too much on average as often as half a line too little.
            guard inserted + count / 2 <= wanted else { break }
            inserted += count
            // A text of one line gets it at its end.
            let place = breaks.isEmpty ? bytes.count : breaks[random.below(breaks.count)]
            lines[place, default: breaks.isEmpty ? "\n" : ""] += line + "\n"
        }
        return lines.map { EditedText.Edit($0.key..<$0.key, $0.value) }
    }

    static let lines = [
        "Home | Products | Solutions | Pricing | Support | Contact us",
        "Skip to main content",
        "© 2019 All rights reserved. Terms of Service | Privacy Policy | Cookie Policy",
        "We use cookies to give you the best experience. By continuing to browse you accept our use of cookies.",
        "Sign in | Create an account | Forgot your password?",
        "Subscribe to our newsletter and never miss an update!",
        "Share this page: Facebook Twitter LinkedIn Email Print",
        "You must be logged in to post a comment.",
        "Related articles: 10 tips for a better home office, How to save on your next trip",
        "Showing 1 to 20 of 348 results. Next page »",
        "Add to cart · Add to wish list · Free shipping on orders over $50",
        "Please enable JavaScript in your browser to view this site.",
        "Posted by admin on Tuesday, 14 March at 9:42 am. Filed under News. 0 comments",
        "Download our free app for Android and iPhone",
        "About us | Careers | Press | Investors | Sitemap | Accessibility",
        "Advertisement",
        "Was this page helpful? Yes / No. Thank you for your feedback!",
        "Select your language: English Deutsch Français Español Italiano 日本語",
        "Back to top",
        "Accept all cookies    Reject all    Manage preferences",
        "Follow us on social media for the latest offers and exclusive discounts.",
        "Last modified 3 years ago. Page generated in 0.0421 seconds.",
        "Toggle navigation  Menu  Search  Close",
        "Call us toll-free, Monday to Friday, 8 am to 6 pm. Our friendly staff will be happy to help.",
    ]
}

import Models

extension AdapterRecipe {
    /// Numbers in a fresh adapter of this recipe.
    func parameterCount(on model: any CausalLM) -> Int {
        model.linearLayers.filter { layer in
            targetModules.contains { layer.name == $0 || layer.name.hasSuffix("." + $0) }
        }.reduce(0) { $0 + rank * ($1.shape[0] + $1.shape[1]) }
    }
}

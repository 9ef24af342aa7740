import Experiments
import Testing
import Torch

@Suite struct ComputeRecipeTests {
    /// A store's key holds this name and nothing else of `compute`: of two arithmetics under one name, a run would take the one's
    /// losses for the other's.
    @Test func everyArithmeticHasAStoreOfItsOwn() {
        var names: [String] = []
        for dtype in [DType.float32, .bfloat16] {
            for arithmetic in Runtime.Arithmetic.allCases {
                for reference in ComputeRecipe.FrozenWeights.allCases {
                    var recipe = ComputeRecipe()
                    (recipe.dtype, recipe.arithmetic, recipe.reference) = (dtype, arithmetic, .held(reference))
                    names.append(recipe.referencePrecision)
                }
            }
        }
        #expect(Set(names).count == names.count && names.count >= 36, "\(names)")
        // A reference's passes are the same whether the student's are too, and so are its losses.
        for weights in ComputeRecipe.FrozenWeights.allCases {
            var (both, alone) = (ComputeRecipe(), ComputeRecipe())
            (both.frozen, alone.reference) = (weights, .held(weights))
            #expect(both.referencePrecision == alone.referencePrecision)
        }
    }
}

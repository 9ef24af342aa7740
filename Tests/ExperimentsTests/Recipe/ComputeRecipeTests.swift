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
                for frozen in [ComputeRecipe.FrozenWeights.exact, .int8Reference] {
                    var recipe = ComputeRecipe()
                    (recipe.dtype, recipe.arithmetic, recipe.frozen) = (dtype, arithmetic, frozen)
                    names.append(recipe.referencePrecision)
                }
            }
        }
        #expect(Set(names).count == 2 * Runtime.Arithmetic.allCases.count * 2, "\(names)")
        // The reference's passes are the same in both, and so are their losses.
        var (int8, int8Reference) = (ComputeRecipe(), ComputeRecipe())
        (int8.frozen, int8Reference.frozen) = (.int8, .int8Reference)
        #expect(int8.referencePrecision == int8Reference.referencePrecision)
    }
}

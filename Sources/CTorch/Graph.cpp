// CUDA graphs, by libtorch's own class, which gives each a pool of memory whose addresses stay.
#include "CTorchCUDA.h"
#include "Guard.h"

// Package.swift says whether libtorch is a CUDA build and NVIDIA's headers are there.
#ifdef CTORCH_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>

namespace {
at::cuda::CUDAGraph *opened(ct_graph graph) { return static_cast<at::cuda::CUDAGraph *>(graph.raw); }
}  // namespace
#endif

using namespace ctorch;

#ifdef CTORCH_CUDA_GRAPHS

bool ct_has_graphs() { return true; }

ct_status ct_graph_begin(ct_graph sharing, ct_graph *result) {
    return guarded([&] {
        auto graph = std::make_unique<at::cuda::CUDAGraph>();
        graph->capture_begin(sharing.raw == nullptr ? c10::MempoolId_t{0, 0} : opened(sharing)->pool());
        *result = {graph.release()};
    });
}

ct_status ct_graph_end(ct_graph graph) {
    return guarded([&] { opened(graph)->capture_end(); });
}

ct_status ct_graph_replay(ct_graph graph) {
    return guarded([&] { opened(graph)->replay(); });
}

void ct_graph_free(ct_graph graph) { delete opened(graph); }

#else

namespace {
ct_status none() {
    setLastError("this build has no CUDA graphs: it was compiled against a libtorch without CUDA, or without NVIDIA's headers");
    return 1;
}
}  // namespace

bool ct_has_graphs() { return false; }
ct_status ct_graph_begin(ct_graph, ct_graph *) { return none(); }
ct_status ct_graph_end(ct_graph) { return none(); }
ct_status ct_graph_replay(ct_graph) { return none(); }
void ct_graph_free(ct_graph) {}

#endif

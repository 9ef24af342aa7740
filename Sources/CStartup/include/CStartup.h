/// Settings that have to stand before the libraries of the process start; linking this module makes them.
#pragma once

// Command measure measures the matrix of NATs with the real programs in a
// network lab, judges each cell, and regenerates docs/NAT.md:
//
//	measure [-runs N] [-cells REGEXP] [-parallel N] [-keep FILE] [-write FILE] [-logs DIR] DIRECTORY-OF-BINARIES
//
// -keep names a file of JSON lines, one for each cell: what it holds of cells
// that are not measured now is kept and goes into the document as well, so a
// cell can be measured again without the others. With -runs 0 nothing is
// measured, and what is kept is judged and written.
//
// The exit code is 0 when every cell that was measured (with -runs 0: kept) is
// at or beyond its bar, 1 when one falls short or could not be measured, and 2
// for a wrong command line.
package main

// Reads a published log with golang.org/x/mod (sumdb/note and sumdb/tlog), which knows nothing of Malan.
//
//	readlog <directory> <vkey file>
//
// It opens the signed checkpoint, finds every record of the entry bundles in the published hash tiles, and
// proves records and earlier sizes against the checkpoint through them: all of a small log, of a large one
// those around its ends and every 97th.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	small = 5000 // all of a log up to this size is proved
	edge  = 300
)

type tiles struct{ dir string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.dir, path(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// path turns x/mod's name of a tile into the C2SP tlog-tiles name.
func path(tile tlog.Tile) string {
	name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
	return strings.Replace(name, "tile/data/", "tile/entries/", 1)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	dir := os.Args[1]
	vkey, err := os.ReadFile(os.Args[2])
	check(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	check(err)
	raw, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	check(err)
	opened, err := note.Open(raw, note.VerifierList(verifier))
	check(err)
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + strings.SplitN(opened.Text, "\n", 2)[1]))
	check(err)
	reader := tlog.TileHashReader(tree, tiles{dir})
	for start := int64(0); start < tree.N; start += 256 {
		width := min(256, tree.N-start)
		name := path(tlog.Tile{H: 8, L: -1, N: start / 256, W: int(width)})
		bundle, err := os.ReadFile(filepath.Join(dir, name))
		check(err)
		indexes := make([]int64, width)
		for offset := range indexes {
			indexes[offset] = tlog.StoredHashIndex(0, start+int64(offset))
		}
		hashes, err := reader.ReadHashes(indexes)
		check(err)
		for index := start; index < start+width; index++ {
			size := int(binary.BigEndian.Uint16(bundle))
			hash := tlog.RecordHash(bundle[2 : 2+size])
			bundle = bundle[2+size:]
			if hash != hashes[index-start] {
				log.Fatalf("record %d is not in the tree", index)
			}
			if tree.N > small && index > edge && index < tree.N-edge && index%97 != 0 {
				continue
			}
			proof, err := tlog.ProveRecord(tree.N, index, reader)
			check(err)
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, hash))
			older, err := tlog.TreeHash(index+1, reader)
			check(err)
			consistency, err := tlog.ProveTree(tree.N, index+1, reader)
			check(err)
			check(tlog.CheckTree(consistency, tree.N, tree.Hash, index+1, older))
		}
		if len(bundle) != 0 {
			log.Fatalf("bytes left over in %s", name)
		}
	}
	fmt.Printf("accepted %d entries\n", tree.N)
}

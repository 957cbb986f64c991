package transfer

import "path"

// Layout returns where each entry of a folder goes, below the folder's place on our
// disk: every element made safe, and no two the same even where case does not count.
// The same manifest always has the same layout. A file that is offered by itself is
// at "".
func Layout(m *Manifest) []string {
	places := make([]string, len(m.entries))
	folders := map[string]string{"": ""} // place by path
	taken := make(map[string]int)        // how many were to get a place, by what it folds to
	for i, e := range m.entries {
		if e.Path == "" {
			continue
		}
		in := folders[parent(e.Path)]
		name := safeElement(path.Base(e.Path))
		places[i] = free(taken, in, name, e.Folder)
		if e.Folder {
			folders[e.Path] = places[i]
		}
	}
	return places
}

// free returns the first numbered place that is not taken, and takes it.
func free(taken map[string]int, in, name string, folder bool) string {
	wanted := fold(path.Join(in, name))
	for {
		taken[wanted]++
		n := taken[wanted]
		place := path.Join(in, Numbered(name, folder, n))
		if n == 1 {
			return place
		}
		if key := fold(place); taken[key] == 0 {
			taken[key] = 1
			return place
		}
	}
}

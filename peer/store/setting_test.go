package store

import "testing"

func TestSettingIsTheOneKeptLast(t *testing.T) {
	s := openTest(t)
	if value, ok, err := s.Setting(t.Context(), "circle"); value != "" || ok || err != nil {
		t.Errorf("got %q, %t, %v before anything was set", value, ok, err)
	}
	for _, want := range []string{"home", ""} {
		check(t, s.SetSetting(t.Context(), "circle", want))
		if value, ok, err := s.Setting(t.Context(), "circle"); value != want || !ok || err != nil {
			t.Errorf("got %q, %t, %v; want %q", value, ok, err, want)
		}
	}
}

package chaos

import "sync"

// inParallel calls play for 0 to count-1, for so many at the same time.
func inParallel(workers, count int, play func(i int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range next {
				play(i)
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	group.Wait()
}

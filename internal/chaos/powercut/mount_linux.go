package powercut

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount mounts an empty disk at the directory dir. What it keeps after a cut
// follows from seed.
func Mount(dir string, seed uint64) (*Disk, error) {
	d := &Disk{dir: dir, random: rand.New(rand.NewPCG(seed, 0))}
	d.root = d.newInode(syscall.S_IFDIR | 0o700)
	return d, d.attach()
}

// Close unmounts the disk. It waits for programs that still have something open.
func (d *Disk) Close() error {
	// Detached at once: for a moment a dead program's files count as open.
	if err := syscall.Unmount(d.dir, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", d.dir, err)
	}
	d.server.Wait()
	return nil
}

// attach mounts what there is. Nothing is cached by the kernel but pages, so
// that what programs see is what is here.
func (d *Disk) attach() error {
	var uncached time.Duration
	root := &node{disk: d, inode: d.root}
	stable := d.root.stable()
	server, err := fs.Mount(d.dir, root, &fs.Options{
		EntryTimeout: &uncached, AttrTimeout: &uncached, NegativeTimeout: &uncached,
		RootStableAttr: &stable,
		MountOptions:   fuse.MountOptions{DirectMountStrict: true, FsName: "powercut", Name: "powercut"},
	})
	if err != nil {
		return fmt.Errorf("mount a disk at %s: %w", d.dir, err)
	}
	d.server = server
	return nil
}

// node shows an inode to the kernel.
type node struct {
	fs.Inode
	disk  *Disk
	inode *inode
}

var (
	_ fs.NodeGetattrer = (*node)(nil)
	_ fs.NodeSetattrer = (*node)(nil)
	_ fs.NodeLookuper  = (*node)(nil)
	_ fs.NodeReaddirer = (*node)(nil)
	_ fs.NodeCreater   = (*node)(nil)
	_ fs.NodeMkdirer   = (*node)(nil)
	_ fs.NodeMknoder   = (*node)(nil)
	_ fs.NodeLinker    = (*node)(nil)
	_ fs.NodeRenamer   = (*node)(nil)
	_ fs.NodeUnlinker  = (*node)(nil)
	_ fs.NodeRmdirer   = (*node)(nil)
	_ fs.NodeOpener    = (*node)(nil)
	_ fs.NodeReader    = (*node)(nil)
	_ fs.NodeWriter    = (*node)(nil)
	_ fs.NodeFsyncer   = (*node)(nil)
)

// show is called with mu held.
func (n *node) show(ctx context.Context, file *inode, out *fuse.EntryOut) *fs.Inode {
	file.describe(&out.Attr)
	return n.NewInode(ctx, &node{disk: n.disk, inode: file}, file.stable())
}

func (i *inode) describe(out *fuse.Attr) {
	out.Ino, out.Mode, out.Nlink = i.number, i.mode, 1
	out.Size = uint64(len(i.content.now))
	out.Blocks = (out.Size + sector - 1) / sector
	out.Owner = fuse.Owner{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
}

// Getattr implements [fs.NodeGetattrer].
func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.inode.describe(&out.Attr)
	return 0
}

// Setattr implements [fs.NodeSetattrer].
func (n *node) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if mode, ok := in.GetMode(); ok {
		n.inode.mode = n.inode.mode&syscall.S_IFMT | mode&^syscall.S_IFMT
	}
	if size, ok := in.GetSize(); ok {
		if !n.disk.powered() {
			return syscall.EIO
		}
		n.inode.content.truncate(int(size))
	}
	n.inode.describe(&out.Attr)
	return 0
}

// Lookup implements [fs.NodeLookuper].
func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	file := n.inode.names.now[name]
	if file == nil {
		return nil, syscall.ENOENT
	}
	return n.show(ctx, file, out), 0
}

// Readdir implements [fs.NodeReaddirer].
func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	var all []fuse.DirEntry
	for name, file := range n.inode.names.now {
		all = append(all, fuse.DirEntry{Name: name, Ino: file.number, Mode: file.mode})
	}
	return fs.NewListDirStream(all), 0
}

// add gives a new inode a name.
func (n *node) add(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.inode.names.now[name] != nil {
		return nil, syscall.EEXIST
	}
	if !n.disk.powered() {
		return nil, syscall.EIO
	}
	file := n.disk.newInode(mode)
	n.inode.names.change(renaming{name: name, file: file})
	return n.show(ctx, file, out), 0
}

// Create implements [fs.NodeCreater].
func (n *node) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	created, errno := n.add(ctx, name, syscall.S_IFREG|mode, out)
	return created, nil, 0, errno
}

// Mkdir implements [fs.NodeMkdirer].
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.add(ctx, name, syscall.S_IFDIR|mode, out)
}

// Mknod implements [fs.NodeMknoder], for sockets.
func (n *node) Mknod(ctx context.Context, name string, mode, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.add(ctx, name, mode, out)
}

// Link implements [fs.NodeLinker].
func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	file := target.EmbeddedInode().Operations().(*node).inode
	if n.inode.names.now[name] != nil {
		return nil, syscall.EEXIST
	}
	if !n.disk.powered() {
		return nil, syscall.EIO
	}
	n.inode.names.change(renaming{name: name, file: file})
	return n.show(ctx, file, out), 0
}

// Rename implements [fs.NodeRenamer]. It is atomic within a directory.
func (n *node) Rename(_ context.Context, name string, newParent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if flags != 0 {
		return syscall.EINVAL
	}
	from, to := n.inode, newParent.EmbeddedInode().Operations().(*node).inode
	file := from.names.now[name]
	if file == nil {
		return syscall.ENOENT
	}
	if !n.disk.powered() {
		return syscall.EIO
	}
	if from == to {
		to.names.change(renaming{name: newName, file: file, lost: name})
		return 0
	}
	to.names.change(renaming{name: newName, file: file})
	from.names.change(renaming{name: name})
	return 0
}

// Unlink implements [fs.NodeUnlinker].
func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	file := n.inode.names.now[name]
	if file == nil {
		return syscall.ENOENT
	}
	if file.isDirectory() && len(file.names.now) > 0 {
		return syscall.ENOTEMPTY
	}
	if !n.disk.powered() {
		return syscall.EIO
	}
	n.inode.names.change(renaming{name: name})
	return 0
}

// Rmdir implements [fs.NodeRmdirer].
func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno { return n.Unlink(ctx, name) }

// Open implements [fs.NodeOpener].
func (n *node) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

// Read implements [fs.NodeReader].
func (n *node) Read(_ context.Context, _ fs.FileHandle, dest []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	begin := min(int(offset), len(n.inode.content.now))
	return fuse.ReadResultData(dest[:copy(dest, n.inode.content.now[begin:])]), 0
}

// Write implements [fs.NodeWriter].
func (n *node) Write(_ context.Context, _ fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.disk.off {
		return 0, syscall.EIO
	}
	n.inode.content.write(data, int(offset)) // even when the power fails in it: some of it may survive
	if !n.disk.powered() {
		return 0, syscall.EIO
	}
	return uint32(len(data)), 0
}

// Fsync implements [fs.NodeFsyncer], for files and directories.
func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if !n.disk.powered() {
		return syscall.EIO
	}
	n.inode.content.sync()
	n.inode.names.sync()
	return 0
}

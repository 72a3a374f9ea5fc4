# Three numbers of a textbook
a, b, c: 1 x 1
loss = (a * b + c)**2

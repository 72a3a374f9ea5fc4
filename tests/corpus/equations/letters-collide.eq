# Letters that pages use for other things: g D S C c J and L
# m = 5
X: 3 x m
Y: 2 x m
D: 4 x 3
c: 4 x 1
S: 5 x 4
J: 2 x 5
C = D @ X + c
g = tanh(C)
G = S @ g
L = softplus(G)
delta = J @ L
loss = mse(delta, Y)

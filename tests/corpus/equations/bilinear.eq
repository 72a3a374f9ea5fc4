# A bilinear form of two inputs through given directions
# m = 5
X: 3 x m
V: 4 x m input
Y: 2 x m
A, B: 2 x 3
C, D: 2 x 4
S = (A @ X) * (C @ V) + (B @ X) * (D @ V)
loss = mse(S, Y)

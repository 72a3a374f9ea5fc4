# Two heads of attention, written out
# Vaswani et al. (2017), Attention is all you need
X: 4 x 5 input
Y: 4 x 5
Q[1..2], K[1..2], V[1..2]: 2 x 4
O[1..2]: 4 x 2
S[0] = zeros(4, 5)
repeat h = 1..2:
    A[h] = softmax((K[h] @ X).T @ (Q[h] @ X) / sqrt(2))
    S[h] = S[h-1] + O[h] @ (V[h] @ X @ A[h])
loss = sum((S[2] - Y)**2) / 2

# A matrix factorised where it is known
U: 4 x 2
V: 5 x 2
R: 4 x 5 constant
M: 4 x 5 constant
loss = sum(M * (U @ V.T - R)**2)
